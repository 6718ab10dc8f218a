"""What a new city's registry begins with: divisions, calendar, rules of law and the first edition, as files.

``divisions.csv`` is the 2023 statistical code tree of Suzhou (Anhui), ``holidays.csv`` the days moved by the State
Council's notices of 2007 to 2026, ``rules.csv`` the numbers of the law with their citations, ``domains.csv`` the 26
domains of the city's plan, ``catalog_rows.csv`` the matters: each row says in ``provenance`` whether it stands so
on a published page or was drafted.
"""
