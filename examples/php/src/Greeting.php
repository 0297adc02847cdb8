<?php

declare(strict_types=1);

namespace Greeter;

final class Greeting
{
    public function __construct(private readonly string $release, private readonly string $commit)
    {
    }

    public function __toString(): string
    {
        return "Hello from PHP, {$this->release}, commit {$this->commit}\n";
    }
}
