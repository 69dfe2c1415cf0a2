"""Files of subscribers: YAML, CSV, and the exports of other tools."""
