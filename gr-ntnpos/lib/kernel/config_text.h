/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_CONFIG_TEXT_H
#define INCLUDED_NTNPOS_KERNEL_CONFIG_TEXT_H

#include <cstdio>
#include <string>

namespace gr::ntnpos::kernel {

//! A number as validators print it.
inline std::string to_text(int value) { return std::to_string(value); }

//! A number as validators print it: up to ten significant digits.
inline std::string to_text(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", value);
    return text;
}

} // namespace gr::ntnpos::kernel

#endif
