#include "coding/range_coder.hpp"

#include <cmath>

namespace selfsame::coding {

namespace {

// No rounding here lies close enough to a half for two mathematical libraries to disagree; a test
// pins the bytes.
Tables make_tables() {
    Tables made;
    for (int i = 0; i < 4096; ++i) {
        const double p = (i + 0.5) / 4096;
        const double logit = std::rint(256 * std::log(p / (1 - p)));
        made.stretch[i] = static_cast<std::int16_t>(std::clamp<double>(logit, -kLogitLimit, kLogitLimit));
        const double odds = std::rint(65536 / (1 + std::exp(-(i - kLogitLimit - 1) / 256.0)));
        made.squash[i] = static_cast<std::int32_t>(std::clamp<double>(odds, kLeast, 65536 - kLeast));
        made.costs[i] = static_cast<float>(-std::log2(p));
    }
    for (int n = 0; n <= kCountLimit; ++n) {
        made.rates[n] = static_cast<std::int32_t>(65536 / (n + 1.5));
    }
    return made;
}

}  // namespace

const Tables& tables() {
    static const Tables made = make_tables();
    return made;
}

}  // namespace selfsame::coding
