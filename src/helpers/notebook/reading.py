"""Parameters that every notebook of `your-data/` has: how the user's file is read, as `helpers.read.files.Options` takes it."""

from helpers.notebook.kinds import Codes

encoding: str = "utf-8"  # of a CSV file
missing: Codes = []  # numbers and words that mean no answer
decimal: str = ""  # the mark in numbers, where a file can be read in two ways
thousands: str = ""  # the mark between thousands, likewise
sheet: str = ""  # of a workbook with several
