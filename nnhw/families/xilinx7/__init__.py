"""AMD Xilinx 7 series."""
