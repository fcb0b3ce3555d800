"""Changes of the schema, in the order of their names; applied by `agentd.store.schema`."""
