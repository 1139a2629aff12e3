"""What is known of the warehouse: tables, columns, partitions, sizes."""
