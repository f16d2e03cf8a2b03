"""What is on record: the database of studies, who owns one, and what was stored of its trials. Knows no training."""
