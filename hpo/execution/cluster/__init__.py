"""Places on other machines where runs train: worker processes that Ray's actors start."""
