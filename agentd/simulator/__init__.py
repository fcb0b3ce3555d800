"""A switch that is not FreeSWITCH but speaks like it, with spoken prospects."""
