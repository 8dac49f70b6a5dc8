"""Adapters that give the core a disk, a panel, a serial line and MQTT."""
