"""Changes of the schema, one module each, applied in the order of their numbers and never edited
once released. `mNNN_what.py` defines `migrate(database, migrator)`: `database` is in a transaction
of its own, `migrator` is playhouse.migrate's for it. Statements are written out rather than taken
from the models, which move on.
"""
