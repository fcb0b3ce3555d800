"""What an operator sees of a running agentd: logs, metrics, health, the service manager."""
