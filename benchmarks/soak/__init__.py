"""Many calls, or many hours: does anything grow?"""
