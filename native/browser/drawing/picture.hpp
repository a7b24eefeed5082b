// What drawing gives.
#pragma once

#include <vector>

namespace selfsame::browser {

// Numbers in [0, 1]: grey, or red, green and blue of each pixel, and perhaps alpha.
struct Picture {
    std::vector<float> values;
    int channels;
};

}  // namespace selfsame::browser
