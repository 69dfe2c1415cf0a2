"""Files of people: YAML, CSV, and other tools' exports of subscribers."""
