"""A stand-in for the providers of mail, SMS and WeChat, for the embedded default and the tests.

It speaks their published interfaces and checks what they check, keeps what it received, can be made to fail in the
ways a provider fails, and delivers nothing to anybody. It knows nothing of the services that send to it.
"""
