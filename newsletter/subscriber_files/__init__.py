"""Files of subscribers: YAML, CSV, and other tools' exports of subscribers."""
