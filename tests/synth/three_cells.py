"""A library of three cells, so that energy can be calculated where no other one is installed."""

LIBERTY = """
library (three_cells) {
  time_unit : "1ns";
  voltage_unit : "1V";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1, pf);
  nom_voltage : 2.0;
  power_lut_template (output) {
    variable_1 : total_output_net_capacitance;
    variable_2 : input_transition_time;
  }
  power_lut_template (swapped) {
    variable_1 : input_transition_time;
    variable_2 : total_output_net_capacitance;
  }
  power_lut_template (input) {
    variable_1 : input_transition_time;
  }
  cell (INV) {
    area : 2;
    cell_leakage_power : 0.5;
    pin (A) { direction : input; capacitance : 0.01; }
    pin (Y) {
      direction : output;
      internal_power () {
        related_pin : "A";
        rise_power (output) {
          index_1 ("0.0, 0.04"); index_2 ("0.0, 0.1");
          values ("1.0, 2.0", "3.0, 4.0");
        }
        fall_power (output) {
          index_1 ("0.0, 0.04"); index_2 ("0.0, 0.1");
          values ("0.1, 0.2", "0.3, 0.4");
        }
      }
    }
  }
  cell (NAND) {
    area : 3;
    cell_leakage_power : 0.25;
    pin (A) { direction : input; capacitance : 0.02; }
    pin (B) { direction : input; capacitance : 0.03; }
    pin (Y) {
      direction : output;
      internal_power () {
        related_pin : "A";
        rise_power (output) { index_1 ("0.0, 1.0"); index_2 ("0.0, 1.0"); values ("8, 8", "8, 8"); }
        fall_power (output) { index_1 ("0.0, 1.0"); index_2 ("0.0, 1.0"); values ("4, 4", "4, 4"); }
      }
      internal_power () {
        related_pin : "B";
        rise_power (output) { index_1 ("0.0, 1.0"); index_2 ("0.0, 1.0"); values ("2, 2", "2, 2"); }
        fall_power (output) { index_1 ("0.0, 1.0"); index_2 ("0.0, 1.0"); values ("1, 1", "1, 1"); }
      }
    }
  }
  cell (FF) {
    area : 9;
    cell_leakage_power : 0.125;
    pin (CLK) {
      direction : input; clock : true; capacitance : 0.05;
      internal_power () {
        rise_power (input) { index_1 ("0.0, 0.2"); values ("0.5, 0.7"); }
        fall_power (input) { index_1 ("0.0, 0.2"); values ("0.3, 0.3"); }
      }
    }
    pin (D) {
      direction : input; capacitance : 0.04;
      internal_power () {
        rise_power (input) { index_1 ("0.0, 0.2"); values ("0.0, 0.2"); }
      }
    }
    pin (Q) {
      direction : output;
      internal_power () {
        related_pin : "CLK";
        rise_power (swapped) {
          index_1 ("0.0, 0.2"); index_2 ("0.0, 0.04");
          values ("1.0, 2.0", "1.0, 2.0");
        }
        fall_power (swapped) {
          index_1 ("0.0, 0.2"); index_2 ("0.0, 0.04");
          values ("1.0, 1.0", "2.0, 2.0");
        }
      }
    }
  }
}
"""
