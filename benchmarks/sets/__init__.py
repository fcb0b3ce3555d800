"""Sets of sounds that scripts make: who picked up, who interrupts, who has finished."""
