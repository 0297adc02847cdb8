# Which Ruby the app asks for, and which of those that are there fits: `facts<TAB>…` lines for find.sh.
# Gemfile is read, not run: it may need gems that are not there yet.
# ARGV: the Rubies that are there, as `version=path`, the preferred one first.
require 'rubygems'

def refuse(*lines)
  lines.each { |line| warn " !     #{line}" }
  exit 1
end

def requirement(text, where)
  text = text.strip.sub(/\Aruby-/, '').sub(/-?p\d+\z/, '')
  # 3.1 is any 3.1.x, as version managers take it; 3.1.2 is just that one.
  text = "~> #{text}.0" if text.match?(/\A\d+(\.\d+)?\z/)
  [Gem::Requirement.new(text.split(',').map(&:strip)), where]
rescue Gem::Requirement::BadRequirementError
  refuse "#{where} asks for Ruby #{text[0, 40].inspect}, which is no version that is to be had here.", 'Write a version such as 3.1.2.'
end

def version_file(name)
  line = File.foreach(name).map { |one| one.sub(/#.*/, '').strip }.find { |one| !one.empty? }
  line && requirement(line, name)
end

# ruby "3.1.2" · ruby "~> 3.1", ">= 3.1.2" · ruby file: ".ruby-version" (bundler.io/man/gemfile.5.html#RUBY)
def gemfile
  line = File.foreach('Gemfile').find { |one| one.match?(/\A\s*ruby[\s(]/) } or return
  line = line.sub(/\A\s*ruby[\s(]+/, '')
  if (file = line[/\A\s*:?file(?::|\s*=>)\s*["']([^"']+)["']/, 1])
    return File.file?(file) ? version_file(file) : refuse("Gemfile takes its Ruby from #{file}, and there is no such file.")
  end
  versions = line[/\A(\s*["'][^"']*["']\s*,?)+/].to_s.scan(/["']([^"']*)["']/).flatten
  return if versions.empty?
  # Bundler takes a bare number for just that version.
  [Gem::Requirement.new(versions.map { |one| one.sub(/\Aruby-/, '').sub(/-?p\d+\z/, '') }), 'Gemfile']
rescue Gem::Requirement::BadRequirementError
  refuse "Gemfile asks for Ruby #{versions.join(', ')[0, 40].inspect}, which is no version that can be understood."
end

def tool_versions
  line = File.foreach('.tool-versions').find { |one| one.match?(/\Aruby\s+\S/) }
  line && requirement(line.split[1], '.tool-versions')
end

locked = File.read('Gemfile.lock')[/^RUBY VERSION\n\s+ruby (\d[\d.]*)/, 1]
wishes = [gemfile]
wishes << version_file('.ruby-version') if File.file?('.ruby-version')
wishes << tool_versions if wishes.compact.empty? && File.file?('.tool-versions')
wishes << [Gem::Requirement.new(locked), 'Gemfile.lock'] if locked && wishes.compact.empty?
wishes = wishes.compact

rubies = ARGV.map { |pair| pair.split('=', 2) }
fitting = rubies.select { |version, _| wishes.all? { |wish, _| wish.satisfied_by?(Gem::Version.new(version)) } }
if fitting.empty?
  asked = wishes.find { |wish, _| rubies.none? { |version, _| wish.satisfied_by?(Gem::Version.new(version)) } } || wishes.first
  have = rubies.map(&:first).uniq.sort_by { |one| Gem::Version.new(one) }.join(' ')
  refuse "#{asked[1]} asks for Ruby #{asked[0].to_s.sub(/\A= /, '')}; #{ENV.fetch('PACK_PLACE')} has: #{have}",
         "#{ENV.fetch('PACK_REMEDY')}, or ask for one of these."
end

version, path = fitting.find { |one, _| one == locked } || fitting.first
puts version, path
