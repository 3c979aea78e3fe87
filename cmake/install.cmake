# Headers, library and CMake package, for `cmake --install` and for the wheel alike. Every path is relative to the prefix,
# so that the tree may be moved: a wheel is unpacked wherever the user's environment is.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/wbcore)

install(DIRECTORY cpp/include/wbcore DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS wbcore EXPORT wbcoreTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# `cmake --install --strip`, which is how the wheel is made, does this for programs and shared libraries alone.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_STRIP)
  install(CODE "
    if(CMAKE_INSTALL_DO_STRIP)
      execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-unneeded
        \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:wbcore>\" COMMAND_ERROR_IS_FATAL ANY)
    endif()")
endif()
install(EXPORT wbcoreTargets NAMESPACE wbcore:: DESTINATION ${package_dir})

configure_package_config_file(cmake/wbcoreConfig.cmake.in wbcoreConfig.cmake INSTALL_DESTINATION ${package_dir})
# While the version starts with 0, a minor release may break the interface.
write_basic_package_version_file(wbcoreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wbcoreConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/wbcoreConfigVersion.cmake
        DESTINATION ${package_dir})

if(WBCORE_PYTHON)
  install(TARGETS _core LIBRARY DESTINATION .)
endif()
