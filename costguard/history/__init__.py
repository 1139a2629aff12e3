"""What was really run and really paid: the bill and the job history."""
