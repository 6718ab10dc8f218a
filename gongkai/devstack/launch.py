"""Becomes another program that ends when its supervisor ends.

Run as a script by gongkai.devstack.process, never imported, with the standard library alone (``-I -S``).
A fresh single-threaded process does this safely; ``preexec_fn`` in a threaded supervisor does not.

Arguments: the supervisor's process id, the signal to get when it dies, the user id to become
("-" keeps ours), the program and its arguments.
"""

import ctypes  # before giving up root: the library may lie where only root reads
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Give up root, tie our life to the supervisor's, become the program."""
    supervisor, signal, user, *command = sys.argv[1:]
    if user != "-":
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    os.umask(0o077)
    if sys.platform == "linux":
        # A change of user clears the request, so it comes after it; exec keeps it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
    if os.getppid() != int(supervisor):
        sys.exit("the supervisor is gone already")
    os.execv(command[0], command)  # noqa: S606  # no shell is meant


main()
