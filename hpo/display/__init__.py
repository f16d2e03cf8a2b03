"""What a page shows of studies and trials beside their numbers: notes in Markdown, and figures in SVG."""
