// The models that files of block codes and of collages start from; `seeds.py` writes their numbers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "coding/range_coder.hpp"

namespace selfsame::fuzz {

// The slots, then the weights.
extern const std::uint32_t kPifsSlots[], kCollageSlots[];
extern const std::int32_t kPifsWeights[], kCollageWeights[];

inline coding::Models models(const std::uint32_t* slots, const std::int32_t* weights, std::size_t slot_count,
                             std::size_t set_count) {
    coding::Models made;
    made.slots.assign(slots, slots + slot_count);
    made.weights.resize(set_count);
    std::copy_n(weights, set_count * coding::kMaxInputs, made.weights.data()->data());
    return made;
}

}  // namespace selfsame::fuzz
