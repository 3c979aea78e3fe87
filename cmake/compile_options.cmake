# How every target of this project is compiled. All of it is private: nothing here reaches code that links wbcore.

# The arithmetic contract: contraction is off, since a fused multiply-add changes bits and is written out where it is meant.
# The two relaxations change no result (nobody reads errno or the floating-point exception flags) and let loops vectorise.
# There is no fast-math of any kind, and none may be added.
set(WBCORE_ARITHMETIC -ffp-contract=off -fno-math-errno -fno-trapping-math)

set(WBCORE_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
    -Woverloaded-virtual -Wdouble-promotion
    -Wno-restrict) # gcc 12 sees overlapping copies in any std::string concatenation (its bug 105651)

# For all targets, tests included: a program has to be linked with the sanitizers that its libraries were compiled with.
if(WBCORE_SANITIZE STREQUAL "address+undefined")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(WBCORE_SANITIZE STREQUAL "thread")
  set(sanitizers -fsanitize=thread -fno-omit-frame-pointer)
elseif(WBCORE_SANITIZE)
  message(FATAL_ERROR "WBCORE_SANITIZE is '${WBCORE_SANITIZE}' but knows only address+undefined and thread")
endif()
add_compile_options(${sanitizers})
add_link_options(${sanitizers})

function(wbcore_compile_options target)
  target_compile_options(
    ${target}
    PRIVATE ${WBCORE_ARITHMETIC}
            ${WBCORE_WARNINGS}
            # Also when debug information is asked for: at -O2 gcc vectorises less, and the kernels are measured at -O3.
            $<$<NOT:$<CONFIG:Debug>>:-O3>
            $<$<BOOL:${WBCORE_WARNINGS_AS_ERRORS}>:-Werror>
            # A switch over a list of choices has no default: a forgotten case stops whoever adds to the list.
            $<$<BOOL:${WBCORE_TESTS}>:-Werror=switch>)
  set_target_properties(
    ${target}
    PROPERTIES CXX_STANDARD 20
               CXX_STANDARD_REQUIRED ON
               CXX_EXTENSIONS OFF
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               POSITION_INDEPENDENT_CODE ON)
endfunction()
