// Models of range coders, as NumPy arrays.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "coding/range_coder.hpp"
#include "python/arrays.hpp"

namespace selfsame::python {

using Slots = Array<std::uint32_t, 1>;
using Weights = Array<std::int32_t, 2>;

inline coding::Models models(const Slots& slots, const Weights& weights, std::uint32_t slot_count,
                             std::uint32_t set_count) {
    if (slots.size() != slot_count || weights.shape(0) != set_count ||
        weights.shape(1) != coding::kMaxInputs) {
        throw std::invalid_argument("models of another syntax");
    }
    coding::Models made;
    made.slots.assign(slots.data(), slots.data() + slots.size());
    made.weights.resize(weights.shape(0));
    std::copy_n(weights.data(), weights.size(), made.weights.data()->data());
    return made;
}

inline Row<const std::uint8_t> bytes_of(const nb::bytes& data) {
    return {static_cast<const std::uint8_t*>(data.data()), data.size()};
}

}  // namespace selfsame::python
