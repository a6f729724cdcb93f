# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of the module. GNU Radio's own GR_ADD_TEST writes shell scripts that break where a path has a space, and turns
# VOLK's vector code off; these run what the user runs.

# One Boost.Test executable: ntnpos_add_cpp_test(NAME SOURCE).
function(ntnpos_add_cpp_test name source)
    add_executable(${name} ${source})
    target_link_libraries(${name} gnuradio-ntnpos Boost::unit_test_framework)
    target_compile_definitions(${name} PRIVATE BOOST_TEST_DYN_LINK BOOST_TEST_MAIN)
    add_test(NAME ${name} COMMAND ${name})
endfunction()

# One unittest script against the module in the build tree: ntnpos_add_python_test(NAME SOURCE).
function(ntnpos_add_python_test name source)
    add_test(NAME ${name} COMMAND ${PYTHON_EXECUTABLE} -B ${source})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT
        "PYTHONPATH=${PROJECT_BINARY_DIR}/test_modules;GR_DONT_LOAD_PREFS=1;GR_CONF_CONTROLPORT_ON=False")
endfunction()
