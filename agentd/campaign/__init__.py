"""Campaigns: contacts, the law's gates, pacing, dialling."""
