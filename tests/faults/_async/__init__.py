"""Operations under faults."""
