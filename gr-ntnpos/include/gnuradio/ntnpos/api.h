/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_API_H
#define INCLUDED_NTNPOS_API_H

#include <gnuradio/attributes.h>

#ifdef gnuradio_ntnpos_EXPORTS
#define NTNPOS_API __GR_ATTR_EXPORT
#else
#define NTNPOS_API __GR_ATTR_IMPORT
#endif

#endif /* INCLUDED_NTNPOS_API_H */
