"""Who can reach what, shown to people and to programs, and held against what somebody expects of it.

`rows` says each class of requests in words, `beside` what answers without a route; `text`, `json`, `csv` and `html` are
the forms. `sentences` are what an expectation may say, `expectations` reads a file of them, `verdicts` judges them.
"""
