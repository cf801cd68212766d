"""What makes the evidence of the documentation: pictures, transcripts and figures, all from real runs."""
