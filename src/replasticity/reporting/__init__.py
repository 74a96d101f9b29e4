"""Tables, the gallery and the report."""
