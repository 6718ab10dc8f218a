"""The places a message can go to: mail, SMS, WeChat; each spoken to in its provider's own way."""
