"""notify: tells people once, by e-mail, SMS and WeChat; what is in doubt stands in a list."""
