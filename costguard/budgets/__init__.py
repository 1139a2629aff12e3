"""Cloud Billing budgets: what is declared, how it differs from what is there, and carrying it out."""
