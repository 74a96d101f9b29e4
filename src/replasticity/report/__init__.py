"""The report: one page of all results that opens in a browser from disk, without a network.

`page` gathers and renders it. `panels` turns the drawn data of a figure into charts that zoom and show values,
`explorer` does the same for the traces and statistics of single seeds, and `origin` says where all of it comes
from and what it cost. The charts are Plotly's, the page is a Jinja2 template with plain CSS and a little JavaScript.
"""
