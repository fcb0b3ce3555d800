"""Monkey-patched as `agentd` itself is, before anything imports a socket."""

from gevent import monkey

monkey.patch_all()
