"""A local web site that misbehaves on purpose: one path for each misdeed. `python -m tests.site` serves it by hand."""
