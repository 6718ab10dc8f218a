"""``python -m gongkai.sandbox``: the message gateway of the demonstration."""

from __future__ import annotations

import logging
import os
import sys
import warnings

import uvloop

from gongkai.sandbox.server import Taken, serve
from gongkai.sandbox.settings import read_settings
from gongkai.serving.settings import SettingsFault


def main() -> int:
    """Run the gateway; return the exit status."""
    # aiosmtpd warns that passwords travel in the clear, which on loopback is meant, and logs recipients at INFO.
    warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    try:
        settings = read_settings(os.environ)
        uvloop.run(serve(settings))
    except SettingsFault as fault:
        sys.stderr.write("".join(f"模拟网关没有启动：{line}。请改正后再启动。\n" for line in fault.faults))
        return 2
    except Taken as fault:
        sys.stderr.write(f"模拟网关没有启动：{fault}。请换一个端口，或先停止占用它的程序。\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
