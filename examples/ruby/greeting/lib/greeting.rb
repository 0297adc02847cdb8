# A gem of the app's own: Gemfile names it by its path.
module Greeting
  def self.text
    release = ENV.fetch("RELEASE_VERSION", "v0")
    commit = ENV.fetch("SOURCE_VERSION", "unknown")
    "Hello from Ruby, #{release}, commit #{commit[0, 12]}\n"
  end
end
