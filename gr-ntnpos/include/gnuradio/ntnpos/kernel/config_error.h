/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_CONFIG_ERROR_H
#define INCLUDED_NTNPOS_KERNEL_CONFIG_ERROR_H

#include <optional>
#include <stdexcept>
#include <string>

namespace gr::ntnpos::kernel {

/*! \brief What a validator found wrong: one field, its value, what is allowed. */
struct config_error {
    std::string field;   //!< name of the field as in the configuration struct
    std::string value;   //!< the value found
    std::string allowed; //!< allowed range or set, with the clause it comes from

    //! One line: "field = value: allowed ...".
    std::string message() const { return field + " = " + value + ": must be " + allowed; }
};

//! Throws std::invalid_argument with the error's message if there is one.
inline void throw_if(const std::optional<config_error>& error)
{
    if (error)
        throw std::invalid_argument(error->message());
}

} // namespace gr::ntnpos::kernel

#endif
