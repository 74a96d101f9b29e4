"""What NEST calls the parameters of both neurons, and what it assumes where a recording does not say."""

#: NEST's name -> ours, and NEST's value: of either neuron with its plasticity.
NEURON = {
    "C_m": ("c_pF", 281.0),
    "g_L": ("g_L_nS", 30.0),
    "E_L": ("E_L_mV", -70.6),
    "t_ref": ("t_ref_ms", 0.0),
    "I_e": ("I_e_pA", 0.0),
    "tau_u_bar_plus": ("tau_plus_ms", 7.0),
    "tau_u_bar_minus": ("tau_minus_ms", 10.0),
    "tau_u_bar_bar": ("tau_bar_ms", 500.0),
    "A_LTD_const": ("constant_A_LTD", True),
    "u_ref_squared": ("u_ref2_mV2", 60.0),
    "theta_plus": ("theta_plus_mV", -45.3),
    "theta_minus": ("theta_minus_mV", -70.6),
    "delay_u_bars": ("delay_u_ms", 5.0),
}

#: What the adaptive exponential neuron has besides.
ADAPTIVE_EXPONENTIAL = {
    "Delta_T": ("Delta_T_mV", 2.0),
    "V_peak": ("V_peak_mV", 33.0),
    "V_reset": ("V_reset_mV", -60.0),
    "V_clamp": ("V_clamp_mV", 33.0),
    "t_clamp": ("t_clamp_ms", 2.0),
    "a": ("a_nS", 4.0),
    "b": ("b_pA", 80.5),
    "tau_w": ("tau_w_ms", 144.0),
    "I_sp": ("I_sp_pA", 400.0),
    "tau_z": ("tau_z_ms", 40.0),
    "V_th_rest": ("V_T_rest_mV", -50.4),
    "V_th_max": ("V_T_max_mV", 30.4),
    "tau_V_th": ("tau_T_ms", 50.0),
}
