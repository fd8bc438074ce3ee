"""The form of an experiment without its widgets: fields from the declarations, texts, document, verdict, preview."""
