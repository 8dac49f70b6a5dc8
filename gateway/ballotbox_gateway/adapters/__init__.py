"""Serial, MQTT and HTTP: one adapter per file."""
