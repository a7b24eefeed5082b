// The state that the models of a stream start from, as the package ships it.
#pragma once

#include "browser/files/inflate.hpp"
#include "coding/range_coder.hpp"

namespace selfsame::browser {

// Read a file `tables.npz` of a family (see selfsame/coding/slots.py) with so many slots and sets of weights.
coding::Models read_models(Bytes data, std::size_t slots, std::size_t sets);

}  // namespace selfsame::browser
