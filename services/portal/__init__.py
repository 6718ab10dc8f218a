"""The portal: what everybody sees. It owns nothing; every page is made of what the other services answer."""
