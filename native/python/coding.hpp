// Models of range coders, as NumPy arrays.
#pragma once

#include "coding/range_coder.hpp"
#include "python/arrays.hpp"

namespace selfsame::python {

using Slots = Array<std::uint32_t, 1>;
using Weights = Array<std::int32_t, 2>;

inline coding::Models models(const Slots& slots, const Weights& weights, std::uint32_t slot_count,
                             std::uint32_t set_count) {
    const Row own = row(slots);
    const Row sets = structures<coding::Weights>(weights);
    require(own.size() == slot_count && sets.size() == set_count, "models of another syntax");
    return {{own.begin(), own.end()}, {sets.begin(), sets.end()}};
}

// The slots, and the sets of weights, as they stand.
inline NewArray<std::uint32_t> slots_of(const coding::Models& models) {
    return own<std::uint32_t>(models.slots, {models.slots.size()});
}
inline NewArray<std::int32_t> weights_of(const coding::Models& models) {
    return own<std::int32_t>(models.weights, {models.weights.size(), coding::kMaxInputs});
}

inline Row<const std::uint8_t> bytes_of(const nb::bytes& data) {
    return {static_cast<const std::uint8_t*>(data.data()), data.size()};
}

}  // namespace selfsame::python
