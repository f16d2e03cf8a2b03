"""A study as one page: rows are pure functions, figures draw them, a template lays them out."""
