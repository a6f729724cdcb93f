/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_PMT_FIELDS_H
#define INCLUDED_NTNPOS_PMT_FIELDS_H

#include <gnuradio/ntnpos/kernel/delay_profile.h>
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <pmt/pmt.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gr::ntnpos {

//! Names that more than one block uses in tags and messages; functions, so that no order
//! of initialisation matters.
const pmt::pmt_t& rx_time_key();
const pmt::pmt_t& profile_key();
const pmt::pmt_t& end_key();

//! Readers of values of unknown type: nothing where the type, or a value's range, is not
//! the wanted one.
std::optional<double> read_double(const pmt::pmt_t& value);
std::optional<int64_t> read_integer(const pmt::pmt_t& value);
std::optional<std::string> read_text(const pmt::pmt_t& value);
//! A tuple of whole seconds (uint64 or long) and a fraction in [0, 1).
std::optional<kernel::instant> read_instant(const pmt::pmt_t& value);
//! A vector of tuples (start, f64vector); valid by kernel::validate.
std::optional<kernel::trajectory> read_trajectory(const pmt::pmt_t& value);
//! Member of a dictionary; nil where it is no dictionary or has no such member.
pmt::pmt_t member(const pmt::pmt_t& dictionary, const char* name);

pmt::pmt_t to_pmt(const kernel::instant& t);

//! pmt::intern of a literal, which is looked for once in a thread.
const pmt::pmt_t& interned(const char* literal);

//! Adds a member of a new name: dict_add would look through all others for it first.
void put(pmt::pmt_t& dictionary, const char* name, const pmt::pmt_t& value);

/*!
 * \brief The members of a dictionary, walked through once: every dict_ref would follow
 * the whole chain anew.
 */
class members
{
public:
    explicit members(const pmt::pmt_t& dictionary);

    //! Nil where there is none; of two of one name the first, as dict_ref gives it.
    const pmt::pmt_t& operator()(const char* name) const;
    //! Adds a member to another dictionary as it is, if its value is of this kind, a
    //! predicate of PMT; \returns whether it is
    template <typename predicate>
    bool move_to(pmt::pmt_t& other, const char* name, const predicate& is) const
    {
        const auto* one = find(name);
        if (!one || !is(one->value))
            return false;
        other = pmt::dcons(one->pair, other);
        return true;
    }

private:
    struct one {
        pmt::pmt_t pair, key, value;
    };
    const one* find(const char* name) const;
    std::vector<one> d_all;
};

/*!
 * Adds what every message of the wire has.
 * \param others  made by others: it may have members of these names already
 */
void put_header(pmt::pmt_t& message,
                const pmt::pmt_t& source,
                uint64_t seq,
                const char* kind,
                bool others = false);

//! A profile's description (all but its values) as the dictionary of the tag
//! `ntnpos_profile`.
pmt::pmt_t describe(const kernel::delay_profile& profile);
std::optional<kernel::delay_profile> read_profile(const members& of);

} // namespace gr::ntnpos

#endif
