"""What an operator sees of a running agentd: logs; later metrics and health."""
